"""The Streamlit app: thin pages over the dashboards service, the resolver and the figures."""
